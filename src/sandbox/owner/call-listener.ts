// callListener: calls a listener of the owner's.

/** What it throws is an uncaught exception of this process, as from any event, and the caller goes on. */
export function callListener<Event>(listener: (event: Event) => void, event: Event): void {
  try {
    listener(event)
  } catch (error) {
    setImmediate(() => {
      throw error
    })
  }
}
