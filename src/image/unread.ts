// Unread: an archive or an image that is open, and of which no byte has been read: a jail may close in between.

export interface Unread<T> {
  /** Descriptors of directories that reading opens files in. */
  readonly folders: readonly number[]
  /** Once. @throws HvError BAD_ARGUMENT, HOST_SYSCALL: all is closed then */
  read(): Promise<T>
}
