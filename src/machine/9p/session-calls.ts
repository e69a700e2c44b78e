// Tversion, Tauth, Tattach, Tflush, Twalk, Tclunk: the session, and fids that come and go.

import {EINVAL, EMSGSIZE, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import type {Attributes} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {INSPECT} from '../../vfs/path-policy.ts'
import {resolve} from '../../vfs/path-walk.ts'
import {Fid} from './fids.ts'
import {
  LEAST_MESSAGE_BYTES,
  MAX_WALK_NAMES,
  MOST_MESSAGE_BYTES,
  NO_FID,
  NO_UID,
  UNKNOWN_VERSION,
  VERSION,
} from './messages.ts'
import {type Call, contextOf} from './session.ts'

/** A user without a number creates files as nobody. */
const NOBODY = 65534

export const version: Call = (session, request, reply) => {
  const wanted = request.uint32()
  const name = request.text()
  session.reset()
  if (wanted < LEAST_MESSAGE_BYTES) throw new Errno(EMSGSIZE)
  const agreed = Math.min(wanted, MOST_MESSAGE_BYTES)
  if (name === VERSION) session.messageBytes = agreed
  reply.setLimit(agreed)
  reply.uint32(agreed)
  reply.text(name === VERSION ? VERSION : UNKNOWN_VERSION)
}

/** A client that has the machine's memory needs no password. */
export const auth: Call = () => {
  throw new Errno(EOPNOTSUPP)
}

/** The path in `aname` leads to the machine's root; links in it are not followed. */
export const attach: Call = ({fids, qids, root}, request, reply) => {
  const number = request.uint32()
  if (request.uint32() !== NO_FID) throw new Errno(EINVAL)
  request.text()
  const path = request.text()
  const uid = request.uint32()
  fids.requireFree(number)
  const user = uid === NO_UID ? NOBODY : uid
  const whole = new Fid({root, uid: user}, root, root.inode.attributes())
  const names = path.split('/').filter((name) => name !== '')
  const top = names.reduce((at, name) => step(whole, at, name), root)
  const attributes = top.inode.attributes()
  fids.set(number, new Fid({root: top, uid: user}, top, attributes))
  qids.write(reply, attributes)
}

/** Walks as far as the names lead; sets the new fid only if all were found. */
export const walk: Call = ({fids, qids}, request, reply) => {
  const number = request.uint32()
  const newNumber = request.uint32()
  const count = request.uint16()
  if (count > MAX_WALK_NAMES) throw new Errno(EINVAL)
  const names = Array.from({length: count}, () => request.name())
  const fid = newNumber === number ? fids.unopened(number) : fids.get(number)
  if (newNumber !== number) fids.requireFree(newNumber)
  const steps = walkFar(fid, names)
  reply.uint16(steps.length)
  for (const {attributes} of steps) qids.write(reply, attributes)
  if (steps.length < count) return
  const last = steps.at(-1)
  fids.set(newNumber, last === undefined ? fid.copy() : new Fid(fid.origin, last.at, last.attributes))
}

interface Step {
  at: Location
  attributes: Attributes
}

/** @throws Errno when not even the first name exists */
function walkFar(fid: Fid, names: readonly string[]): Step[] {
  const steps: Step[] = []
  let at = fid.location
  for (const name of names) {
    try {
      at = step(fid, at, name)
      steps.push({at, attributes: at.inode.attributes()})
    } catch (error) {
      if (steps.length === 0 || !(error instanceof Errno)) throw error
      return steps
    }
  }
  return steps
}

/** One name further. A link is not followed: the machine reads it, and walks on by itself. */
function step(fid: Fid, from: Location, name: string): Location {
  return resolve(contextOf(fid), from, name, false, INSPECT)
}

/** The request that it names was answered already: Server waits for one that was not. */
export const flush: Call = (_session, request) => {
  request.uint16()
}

export const clunk: Call = ({fids}, request) => fids.remove(request.uint32())
