/*
 * kernel/include/uapi/eventpoll.ts - what poll(2), select(2) and epoll(7) can be told of a file
 *
 * Linux:  include/uapi/linux/eventpoll.h, include/uapi/asm-generic/poll.h
 */

export const EPOLLIN = 0x001;
export const EPOLLPRI = 0x002;
export const EPOLLOUT = 0x004;
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;
export const EPOLLNVAL = 0x020;
export const EPOLLRDNORM = 0x040;
export const EPOLLRDBAND = 0x080;
export const EPOLLWRNORM = 0x100;
export const EPOLLWRBAND = 0x200;
export const EPOLLRDHUP = 0x2000;

/* Not events, but how to watch; the last one is bit 31, so the words are signed here. */
export const EPOLLEXCLUSIVE = 1 << 28;
export const EPOLLWAKEUP = 1 << 29;
export const EPOLLONESHOT = 1 << 30;
export const EPOLLET = 1 << 31;
