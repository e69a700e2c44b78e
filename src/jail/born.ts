// Born: what the host answered when a process was to be born in namespaces of its own. Its last argument holds the answers: launcher.c.

import type {JailLayerName} from './layer.ts'

/** 0: it is in a new one; otherwise an errno. */
export type Born = Record<Extract<JailLayerName, 'user' | 'pid'>, number>

/** The argument that the launcher writes its answers into. */
export const UNANSWERED = toArgument({user: 0, pid: 0})

export function toArgument({user, pid}: Born): string {
  return `user=${inDigits(user)},pid=${inDigits(pid)}`
}

/** @returns undefined: nobody has tried */
export function bornOf(argument: string | undefined): Born | undefined {
  const found = /^user=(\d{3}),pid=(\d{3})$/.exec(argument ?? '')
  return found === null ? undefined : {user: Number(found[1]), pid: Number(found[2])}
}

function inDigits(errno: number): string {
  return String(errno).padStart(3, '0').slice(-3)
}
