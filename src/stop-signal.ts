// StopSignal: what hv needs of an AbortSignal, so that its declarations need neither the DOM's nor Node's.

/**
 * The parts of an AbortSignal that hv needs: every AbortSignal is one.
 *
 * @example
 * const controller = new AbortController()
 * const signal: StopSignal = controller.signal
 * const run = sandbox.run('/bin/busybox', ['sleep', '100'], {signal})
 * controller.abort('enough')
 * await run.catch(({name, cause}) => console.log(name, cause)) // AbortError enough
 */
export interface StopSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: {once?: boolean}): void
  removeEventListener(type: 'abort', listener: () => void): void
}
