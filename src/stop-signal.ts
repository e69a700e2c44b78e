// StopSignal: what hv needs of an AbortSignal, so that its declarations need neither the DOM's nor Node's.

export interface StopSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: {once?: boolean}): void
  removeEventListener(type: 'abort', listener: () => void): void
}
