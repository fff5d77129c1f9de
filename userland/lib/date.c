/*
 * date.c - from seconds since 1970 to the calendar
 */
#include "lib.h"

const char *const month_names[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
const char *const weekday_names[7] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static bool is_leap(long year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static int days_in(int month, long year) {
  static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1] + (month == 2 && is_leap(year));
}

struct date to_date(long seconds) {
  long days = seconds / 86400, rest = seconds % 86400;
  if (rest < 0) rest += 86400, days--;
  struct date date = {
    .year = 1970,
    .month = 1,
    .hour = (int)(rest / 3600),
    .minute = (int)(rest / 60 % 60),
    .second = (int)(rest % 60),
    .weekday = (int)(((days + 4) % 7 + 7) % 7), // 1970-01-01 was a Thursday
  };
  while (days < 0) days += 365 + is_leap(--date.year);
  while (days >= 365 + is_leap(date.year)) days -= 365 + is_leap(date.year++);
  while (days >= days_in(date.month, date.year)) days -= days_in(date.month++, date.year);
  date.day = (int)days + 1;
  return date;
}
