// CodeCache: what hv has of V8's bytecode of its own code, for whoever runs programs.

export interface CodeCache {
  /** Where it lies; undefined: nowhere. */
  readonly directory: string | undefined
  /** Something was compiled that the cache did not have. */
  isCold(): boolean
  /** Keeps what it did not have. Before a guest runs: bytecode is code. */
  keep(): void
}
