// The sentries that this process has made and that have not ended: none outlives it.

import type {Carrier} from './carrier.ts'

const living = new Set<Carrier>()

export function has(carrier: Carrier): boolean {
  return living.has(carrier)
}

export function add(carrier: Carrier): void {
  if (living.size === 0) process.on('exit', leaveAll)
  living.add(carrier)
}

export function remove(carrier: Carrier): void {
  living.delete(carrier)
  if (living.size === 0) process.off('exit', leaveAll)
}

function leaveAll(): void {
  for (const carrier of living) carrier.leave()
}
