// openNetwork: lets a kernel's internet sockets reach what a broker allows, and its programs find the name server.

import type {BrokerLink} from '../../broker/protocol.ts'
import type {Location} from '../../vfs/location.ts'
import type {Kernel} from '../core/kernel.ts'
import type {NetRate} from '../core/net-rate.ts'
import {HostConnections} from '../net/inet/host/connections.ts'
import {NAME_SERVER} from '../net/inet/name-server.ts'
import {replaceFile} from './guest-tree.ts'

/** Before the first program. @param root of the guest's tree */
export function openNetwork(kernel: Kernel, root: Location, link: BrokerLink, rate?: NetRate): void {
  kernel.socketFamilies.openInternet(new HostConnections(link, kernel, rate), () => {
    const counters = kernel.current?.process.run.counters
    return (rule) => counters?.noteRule(rule)
  })
  replaceFile(root, 'etc', 'resolv.conf', `nameserver ${NAME_SERVER}\n`)
}
