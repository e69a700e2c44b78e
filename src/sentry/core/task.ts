// Task: one guest thread. Its class, GuestThread, says what else is in it.

export interface Task {
  /** Changes only when execve(2) gives a thread its process's pid. */
  tid: number
}
