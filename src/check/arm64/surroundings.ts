// arm64: whether a hypervisor is below this kernel, and which board or cloud this is, as far as a fix depends on it.

import {machineIdOf} from '../../board/detect.ts'
import type {Host} from '../host.ts'

/** What shows that this is a virtual machine; undefined when nothing does. */
export function hypervisorOf(host: Host): string | undefined {
  // Documentation/devicetree/bindings/arm/psci.yaml: `hvc` calls a hypervisor, `smc` the firmware.
  if (host.read('/proc/device-tree/psci/method')?.replace(/\0/g, '') === 'hvc') return 'PSCI is called by HVC'
  const type = host.read('/sys/hypervisor/type')?.trim()
  if (type) return `/sys/hypervisor/type: ${type}`
  const {vendor, product} = machineIdOf(host)
  if (isVirtualEc2(host)) return `an EC2 instance, ${product}`
  return ['QEMU', 'Microsoft Corporation', 'Google', 'Apple Inc.'].includes(vendor ?? '') ? vendor : undefined
}

/** An EC2 virtual machine: `c6g.large`, not `c6g.metal`. */
export function isVirtualEc2(host: Host): boolean {
  const {vendor, product} = machineIdOf(host)
  return vendor === 'Amazon EC2' && product !== undefined && !isMetal(product)
}

export function isRaspberryPi(host: Host): boolean {
  return machineIdOf(host).model?.startsWith('Raspberry Pi') ?? false
}

function isMetal(product: string): boolean {
  // Graviton 4 has metal sizes: `m8g.metal-24xl`.
  return /^[a-z\d-]+\.metal/.test(product)
}
