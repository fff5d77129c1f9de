/*
 * kernel/utsname.ts - host names of one's own
 *
 * Linux:   kernel/utsname.c (v6.12)
 * Manual:  uts_namespaces(7)
 */

import { ns_alloc_inum } from './fs/nsfs.ts';
import { PROC_UTS_INIT_INO, type UtsNamespace } from './include/linux/ns_common.ts';
import type { UserNamespace } from './include/linux/user_namespace.ts';
import { UTS_DOMAINNAME, UTS_NODENAME } from './init/version.ts';
import type { Kernel } from './kernel.ts';

export const init_uts_ns = (user_ns: UserNamespace): UtsNamespace => ({
  type: 'uts',
  inum: PROC_UTS_INIT_INO,
  user_ns,
  nodename: UTS_NODENAME,
  domainname: UTS_DOMAINNAME,
});

export const clone_uts_ns = (kernel: Kernel, user_ns: UserNamespace, old: UtsNamespace): UtsNamespace => ({
  ...old,
  inum: ns_alloc_inum(kernel),
  user_ns,
});
