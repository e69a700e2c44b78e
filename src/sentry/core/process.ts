// Process: a thread group. Its class, ThreadGroup, says what else is in it.

export interface Process {
  readonly pid: number
}
