// Task: one guest thread, as the sentry's system call handlers see it.

export interface Task {
  readonly pid: number
}
