// What becomes of a Sandbox's `net`, of the rules of `setNet`, and of what `connect` and `waitForPort` are given.

import {isIP} from 'node:net'
import * as v from 'valibot'
import type {ConnectHandler} from '../../../broker/decisions.ts'
import {parseNetRule, parseNetRules} from '../../../broker/net-rules.ts'
import {type PublishedPort, parsePublished} from '../../../broker/published-port.ts'
import {badArgument} from '../../../errors.ts'
import * as takes from '../../../options.ts'
import {MAX_SERVICES} from '../../../sentry/outside/net/connection-limits.ts'
import {type GuestEndpoint, isLoopbackText} from '../../../sentry/outside/net/guest-address.ts'
import type {ServiceName} from '../../../sentry/outside/net/services.ts'
import type {StopSignal} from '../../../stop-signal.ts'
import type {SentrySettings} from '../../protocol/messages.ts'
import type {SandboxEndpoint, SandboxNetOptions, SandboxNetRules, SandboxWaitOptions} from './net-options.ts'
import type {NetRules} from './own-broker.ts'
import type {ServiceHandler} from './remote-connections.ts'

const DEFAULT_WAIT_MS = 30_000
const MAX_WAIT_MS = 2 ** 31 - 1
const NAME = /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/

const port = takes.integer(1, 65_535)
const half = {allowHalfOpen: v.optional(takes.truth)}
const host = v.pipe(
  v.string("'localhost', 127.x.x.x or ::1"),
  v.check((text) => text === 'localhost' || isLoopback(text), "'localhost', 127.x.x.x or ::1"),
)
const endpoint = v.lazy((given) => {
  if (typeof given !== 'object' || given === null) return port
  if ('unix' in given) return takes.options({unix: v.pipe(takes.anyText, v.nonEmpty('a path')), ...half})
  return takes.options({host: v.optional(host), port, ...half})
})
const waitOptions = takes.options({
  timeoutMs: v.optional(takes.integer(1, MAX_WAIT_MS)),
  signal: v.optional(takes.abortSignal),
})

const ruleList = v.pipe(
  v.array(takes.anyText, 'an array of strings'),
  v.maxLength(1000, '1,000 rules at most'),
)

const ruleFields = {
  allow: v.optional(v.union([v.literal(true), ruleList], 'true or an array of strings')),
  deny: v.optional(ruleList),
}
const netRules = takes.options(ruleFields)

/** For `SandboxOptions.net`. */
export const netOptions = takes.options({
  ...ruleFields,
  serve: v.optional(takes.record(takes.anyText, takes.callback, 'an object of functions')),
  onConnect: v.optional(takes.callback),
  receiveBytesPerSecond: v.optional(takes.integer(1, Number.MAX_SAFE_INTEGER)),
  sendBytesPerSecond: v.optional(takes.integer(1, Number.MAX_SAFE_INTEGER)),
  publish: v.optional(v.array(takes.anyText, 'an array of strings')),
})

const published = takes.options({
  ...{address: takes.anyText, hostPort: port, guestPort: port},
  protocol: takes.oneOf(['tcp', 'udp']),
})

/** @throws HvError BAD_ARGUMENT */
export function toEndpoint(given: number | SandboxEndpoint): {to: GuestEndpoint; allowHalfOpen: boolean} {
  const checked = takes.checked(endpoint as v.GenericSchema<unknown, number | SandboxEndpoint>, given, 'to')
  if (typeof checked === 'number') return {to: {port: checked}, allowHalfOpen: false}
  const {allowHalfOpen = false} = checked
  if ('unix' in checked) return {to: {unix: checked.unix}, allowHalfOpen}
  const {host, port} = checked
  return {to: host === undefined || host === 'localhost' ? {port} : {host, port}, allowHalfOpen}
}

/** @throws HvError BAD_ARGUMENT */
export function toWait(
  given: number,
  options: SandboxWaitOptions,
): [port: number, timeoutMs: number, signal: StopSignal | undefined] {
  const {timeoutMs = DEFAULT_WAIT_MS, signal} = takes.checked(waitOptions, options, 'options')
  return [takes.checked(port, given, 'port'), timeoutMs, signal]
}

/** @throws HvError BAD_ARGUMENT */
export function toServices({serve = {}}: SandboxNetOptions): {
  services: ServiceName[]
  serviceHandlers: ServiceHandler[]
} {
  const services = Object.keys(serve).map(toService)
  const taken = new Set(services.map(({name, port}) => `${name}:${port}`))
  if (taken.size < services.length || services.length > MAX_SERVICES)
    throw badArgument(
      `net.serve has ${services.length} names, of which ${taken.size} differ`,
      `give each port of a name once, and ${MAX_SERVICES} at most`,
    )
  return {services, serviceHandlers: Object.values(serve)}
}

/** @throws HvError BAD_ARGUMENT */
export function toNetRules({allow = [], deny = [], publish = []}: SandboxNetOptions): NetRules {
  return {
    allow: allow === true ? parseNetRules('') : allow.map(parseNetRule),
    deny: deny.map(parseNetRule),
    publish: publish.map(parsePublished),
  }
}

/** For `Sandbox.setNet`. @throws HvError BAD_ARGUMENT */
export function toNewRules(given: SandboxNetRules): NetRules {
  return toNetRules(takes.checked(netRules as v.GenericSchema<unknown, SandboxNetRules>, given, 'rules'))
}

/** For `Sandbox.unpublish`. @throws HvError BAD_ARGUMENT */
export function toPublished(given: PublishedPort): PublishedPort {
  return takes.checked(published as v.GenericSchema<unknown, PublishedPort>, given, 'port')
}

export function toNetRate({
  receiveBytesPerSecond: receive,
  sendBytesPerSecond: send,
}: SandboxNetOptions): Pick<SentrySettings, 'netRate'> {
  if ((receive ?? send) === undefined) return {}
  return {netRate: {...(receive !== undefined && {receive}), ...(send !== undefined && {send})}}
}

/** @throws HvError BAD_ARGUMENT */
export function toOnConnect({allow, onConnect}: SandboxNetOptions): ConnectHandler | undefined {
  if (onConnect === undefined || allow !== undefined) return onConnect
  throw badArgument(
    '`net.onConnect` is asked about what `net.allow` allows, which is nothing',
    'allow what it may decide about: `allow: true` is every public address',
  )
}

function toService(key: string): ServiceName {
  const colon = key.lastIndexOf(':')
  const name = key.slice(0, Math.max(colon, 0)).toLowerCase()
  const port = /^[1-9]\d{0,4}$/.test(key.slice(colon + 1)) ? Number(key.slice(colon + 1)) : 0
  if (NAME.test(name) && isIP(name) === 0 && name !== 'localhost' && port >= 1 && port <= 65_535)
    return {name, port}
  throw badArgument(
    `net.serve takes names with ports, not ${JSON.stringify(key.slice(0, 60))}`,
    "give a name and a port such as 'api.internal:80'",
  )
}

const isLoopback = (text: string): boolean => isLoopbackText(text) && isIP(text) !== 0
