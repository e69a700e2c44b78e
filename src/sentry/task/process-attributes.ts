// ProcessAttributes: what prctl(2), personality(2), ioprio_set(2) and /proc set for a process, and a child has from its parent.

/** Anonymous memory, ELF headers, private huge pages. */
const DEFAULT_DUMP_FILTER = 0x33

export class ProcessAttributes {
  personality = 0
  /** /proc/PID/oom_score_adj, and the least that it may be set to without CAP_SYS_RESOURCE. */
  oomScoreAdj = 0
  leastOomScoreAdj = 0
  /** /proc/PID/coredump_filter: core(5). */
  coredumpFilter = DEFAULT_DUMP_FILTER
  /** ioprio_set(2)'s class and level. */
  ioPriority = 0
  // prctl(2): PR_SET_DUMPABLE, NO_NEW_PRIVS, THP_DISABLE.
  isDumpable = true
  hasNoNewPrivileges = false
  disablesHugePages = false

  /** fork(2) */
  copy(): ProcessAttributes {
    return Object.assign(new ProcessAttributes(), this)
  }
}
