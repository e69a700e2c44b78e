// turnsWhile: tells whether something lets the event loop turn.

/** How often the event loop turns until `act` is done. */
export async function turnsWhile(act: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let isDone = false
  const count = (): void => {
    turns++
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  await act()
  isDone = true
  return turns
}
