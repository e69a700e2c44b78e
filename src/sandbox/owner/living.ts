// The sentries that this process has made and that have not ended: none outlives it.

import type {Transport} from './transport.ts'

const living = new Set<Transport>()

export function has(transport: Transport): boolean {
  return living.has(transport)
}

export function add(transport: Transport): void {
  if (living.size === 0) process.on('exit', leaveAll)
  living.add(transport)
}

export function remove(transport: Transport): void {
  living.delete(transport)
  if (living.size === 0) process.off('exit', leaveAll)
}

function leaveAll(): void {
  for (const transport of living) transport.leave()
}
