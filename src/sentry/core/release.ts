// Release: the kernel that uname(2) and /proc/version name.

/** The kernel whose behaviour the sentry follows; C libraries refuse to start on too old a one. */
export const KERNEL_RELEASE = '6.12.0-hv'
export const KERNEL_VERSION = '#1 SMP PREEMPT_DYNAMIC hv'
