// brokerHost: this host, as a broker in this process needs it.

import {networkInterfaces} from 'node:os'
import {addon} from '../addon.ts'
import type {BrokerHost} from './broker.ts'

export function brokerHost(): BrokerHost {
  return {
    openConnection: addon.openConnection,
    resetConnection: addon.resetConnection,
    hostShutDown: addon.hostShutDown,
    hostClose: addon.hostClose,
    nowMs: () => addon.monotonicNs() / 1e6,
    addresses: () =>
      Object.values(networkInterfaces()).flatMap((list = []) => list.map(({address}) => address)),
    // An import would be loaded by all that have no broker.
    dns: new (process.getBuiltinModule('node:dns').promises.Resolver)(),
  }
}
