// startBroker: starts the process that connects sockets for a guest, outside of the jail: call it before there is one.

import {addon} from '../addon.ts'
import {SocketLink} from '../broker/link.ts'
import {parseNetRules} from '../broker/net-rules.ts'
import {openPorts} from '../broker/open-ports.ts'
import type {BrokerSettings} from '../broker/process.ts'
import {formatPublished, parsePublished} from '../broker/published-port.ts'
import {launchPlainly} from '../jail/launch.ts'
import {packageFile} from '../package-file.ts'
import {DEFAULT_MAX_CONNECTIONS} from '../sentry/outside/net/connection-limits.ts'
import type {RunOptions} from './options.ts'
import {tell} from './tell.ts'

/**
 * It ends with this process, which holds the other ends of its sockets.
 * @returns undefined: nothing is allowed or published, so there is nothing to ask
 * @throws HvError BAD_ARGUMENT, HOST_SYSCALL; Error with `errno`
 */
export function startBroker({
  allowNet: allow = [],
  denyNet: deny = [],
  publish = [],
}: Pick<RunOptions, 'allowNet' | 'denyNet' | 'publish'>): SocketLink | undefined {
  for (const list of [...allow, ...deny]) parseNetRules(list)
  if (allow.length === 0 && publish.length === 0) return undefined
  const wanted = publish.map(parsePublished)
  const published = openPorts(wanted)
  const settings: BrokerSettings = {allow, deny, published, maxConnections: DEFAULT_MAX_CONNECTIONS}
  const [questions, itsQuestions] = addon.brokerPair(true)
  const [answers, itsAnswers] = addon.brokerPair(false)
  const its = [itsQuestions, itsAnswers, ...published.map(({fd}) => fd)]
  try {
    const argv = [packageFile('dist/broker/process.cjs'), JSON.stringify(settings)]
    const child = launchPlainly('hv-broker', argv, {
      env: {},
      // A terminal's signals are for the guest.
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', ...its],
    })
    // Without one, nobody answers, and connect(2) says ENETDOWN.
    child.on('error', () => {})
    child.unref()
  } finally {
    for (const fd of its) addon.hostClose(fd)
  }
  for (const [index, port] of published.entries())
    if (wanted[index].hostPort === 0) tell(`published ${formatPublished(port)}`)
  return new SocketLink(questions, answers)
}
