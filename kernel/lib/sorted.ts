/*
 * kernel/lib/sorted.ts - short arrays as queues
 *
 * splice() and unshift() copy and allocate whatever the length. The queues of the scheduler and of timers have one or two
 * entries nearly always, and change several times at every switch of tasks.
 */

/** Puts `item` at `index`, and what is there and behind it one further. */
export function insert_at<T>(array: T[], index: number, item: T): void {
  array.push(item);
  for (let i = array.length - 1; i > index; i--) array[i] = array[i - 1]!;
  array[index] = item;
}

/** Takes out what is at `index`. */
export function remove_at<T>(array: T[], index: number): void {
  for (let i = index + 1; i < array.length; i++) array[i - 1] = array[i]!;
  array.pop();
}
