/*
 * audit.h - the audit socket, for tests: requests, one rule, and what was recorded
 */
#pragma once
#include "check.h"
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/socket.h>

enum { AF_NETLINK = 16, SOCK_RAW = 3, SOCK_NONBLOCK = 04000, PIECE = 8192 };
static int control, reader;
static char piece[PIECE + 1], events[1 << 15];

static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

/* Sends a request, and returns what the acknowledgement says. A reply behind that stays in `piece`. */
static inline long ask_flags(int type, int flags, const void *data, size_t size) {
  static struct {
    struct nlmsghdr header;
    char data[2048];
  } message;
  memset(&message, 0, sizeof(message));
  message.header = (struct nlmsghdr){(unsigned)(sizeof(message.header) + size), (unsigned short)type, (unsigned short)flags, 7, 0};
  memcpy(message.data, data, size);
  long n = syscall(__NR_sendto, control, &message, message.header.nlmsg_len, 0, &kernel, sizeof(kernel));
  if (n != (long)message.header.nlmsg_len) return n;
  n = syscall(__NR_recvfrom, control, piece, PIECE, 0, NULL, NULL);
  struct nlmsghdr *header = (void *)piece;
  return n < 0 ? n : header->nlmsg_type == NLMSG_ERROR ? ((struct nlmsgerr *)NLMSG_DATA(header))->error : -EINVAL;
}
static inline long ask(int type, const void *data, size_t size) { return ask_flags(type, NLM_F_REQUEST | NLM_F_ACK, data, size); }
static inline struct nlmsghdr *answer(void) {
  long n = syscall(__NR_recvfrom, control, piece, PIECE, 0, NULL, NULL);
  return n < 0 ? NULL : (void *)piece;
}

static union {
  struct audit_rule_data rule;
  char bytes[sizeof(struct audit_rule_data) + 8]; // with the key behind it
} rule;
static inline void new_rule(int nr) {
  memset(&rule, 0, sizeof(rule));
  rule.rule = (struct audit_rule_data){.flags = AUDIT_FILTER_EXIT, .action = AUDIT_ALWAYS, .field_count = 2, .buflen = 4};
  rule.rule.mask[AUDIT_WORD(nr)] |= AUDIT_BIT(nr);
  rule.rule.fields[0] = AUDIT_ARCH, rule.rule.fieldflags[0] = AUDIT_EQUAL, rule.rule.values[0] = AUDIT_ARCH_AARCH64;
  rule.rule.fields[1] = AUDIT_FILTERKEY, rule.rule.fieldflags[1] = AUDIT_EQUAL, rule.rule.values[1] = 4;
  memcpy(rule.rule.buf, "mykk", 4);
}
static inline long change(int type) { return ask(type, &rule, sizeof(rule.rule) + 4); }

/* What was recorded since last time: "1300 audit(...): ..." and so on, a line each. */
static inline const char *recorded(void) {
  long n, length = 0;
  sleep_ms(50);
  while ((n = syscall(__NR_recvfrom, reader, piece, PIECE, 0, NULL, NULL)) > 0) {
    struct nlmsghdr *header = (void *)piece;
    piece[n] = 0;
    length += snprintf(events + length, sizeof(events) - (size_t)length, "%d %s\n", header->nlmsg_type, (char *)NLMSG_DATA(header));
  }
  events[length] = 0;
  return events;
}
static inline bool has(const char *text) { return strstr(events, text) != NULL; }

/* One socket for requests, one that reads every record. */
static inline long open_audit(void) {
  control = (int)syscall(__NR_socket, AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
  reader = (int)syscall(__NR_socket, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_AUDIT);
  struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = 1};
  return syscall(__NR_bind, reader, &group, sizeof(group));
}
