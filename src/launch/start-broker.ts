// startBroker: starts the process that connects sockets for a guest, outside of the jail: call it before there is one.

import {addon} from '../addon.ts'
import {SocketLink} from '../broker/link.ts'
import {parseNetRules} from '../broker/net-rules.ts'
import type {BrokerSettings} from '../broker/process.ts'
import {launchPlainly} from '../jail/launch.ts'
import {packageFile} from '../package-file.ts'
import type {RunOptions} from './options.ts'

/**
 * It ends with this process, which holds the other ends of its sockets.
 * @returns undefined: nothing is allowed, so there is nothing to ask
 * @throws HvError BAD_ARGUMENT; Error with `errno`
 */
export function startBroker({
  allowNet: allow = [],
  denyNet: deny = [],
}: Pick<RunOptions, 'allowNet' | 'denyNet'>): SocketLink | undefined {
  for (const list of [...allow, ...deny]) parseNetRules(list)
  if (allow.length === 0) return undefined
  const settings: BrokerSettings = {allow, deny}
  const [questions, itsQuestions] = addon.brokerPair(true)
  const [answers, itsAnswers] = addon.brokerPair(false)
  try {
    const argv = [packageFile('dist/broker/process.cjs'), JSON.stringify(settings)]
    const child = launchPlainly('hv-broker', argv, {
      env: {},
      // A terminal's signals are for the guest.
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', itsQuestions, itsAnswers],
    })
    // Without one, nobody answers, and connect(2) says ENETDOWN.
    child.on('error', () => {})
    child.unref()
  } finally {
    addon.hostClose(itsQuestions)
    addon.hostClose(itsAnswers)
  }
  return new SocketLink(questions, answers)
}
