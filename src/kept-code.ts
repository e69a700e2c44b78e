// CodeCache: V8's bytecode for hv's own code, for callers that run programs.

export interface CodeCache {
  /** The cache's directory; undefined: there is none. */
  readonly directory: string | undefined
  /** Something was compiled that was not in the cache. */
  isCold(): boolean
  /** Saves what was not in the cache. Call it before a guest runs: bytecode is code. */
  keep(): void
}
