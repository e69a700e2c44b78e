// Unread: an open archive or image of which no byte has been read: a jail may close in between.

export interface Unread<T> {
  /** Descriptors of directories in which reading opens files. */
  readonly folders: readonly number[]
  /** Call it once. @throws HvError BAD_ARGUMENT, HOST_SYSCALL: everything is closed then */
  read(): Promise<T>
}
