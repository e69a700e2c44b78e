// arm64: whether the firmware and the boot loader entered the kernel at EL2; without that there is no KVM. And what is below this kernel.

import {machineIdOf} from '../../board/detect.ts'
import type {Check, Facts} from '../facts.ts'
import type {Host} from '../host.ts'
import {modeOf} from './mode.ts'

/** Documentation/arch/arm64/booting.rst: "either EL2 (RECOMMENDED in order to have access to the virtualisation extensions)". */
export const checkFirmware: Check = (facts) => {
  const mode = modeOf(facts)
  if (mode === null) return []
  const subject = {id: 'firmware', title: 'Firmware'}
  const evidence = 'see virtualization-mode'
  if (mode !== 'el1') {
    return {...subject, status: 'ok', detail: 'It entered the kernel at EL2.', evidence}
  }
  return {...subject, status: 'fail', ...diagnose(facts), evidence}
}

function diagnose({host}: Facts): {detail: string; fix: string} {
  if (isVirtualEc2(host)) {
    return {
      detail: 'This EC2 instance is a virtual machine, and EC2 gives Graviton guests no EL2.',
      fix: 'take a metal instance, such as `c6g.metal`, `c7g.metal` or `c8g.metal-24xl`',
    }
  }
  const behind = hypervisorOf(host)
  if (behind) {
    return {
      detail: `The hypervisor below this virtual machine (${behind}) keeps EL2 for itself.`,
      fix: 'switch nested virtualization on at its host (QEMU: `-machine virt,virtualization=on`), or take a machine without a hypervisor',
    }
  }
  if (isRaspberryPi(host)) {
    return {
      detail: 'It entered the kernel at EL1.',
      fix: 'let the firmware of the Raspberry Pi start the kernel: in config.txt no `armstub`, no other boot loader in `kernel`; 64-bit kernel8.img with `arm_64bit=1`',
    }
  }
  return {
    detail: 'It entered the kernel at EL1.',
    fix: 'update the firmware and the boot loader: the kernel must be entered at EL2',
  }
}

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
function isVirtualEc2(host: Host): boolean {
  const {vendor, product} = machineIdOf(host)
  return vendor === 'Amazon EC2' && product !== undefined && !isMetal(product)
}

function isRaspberryPi(host: Host): boolean {
  return machineIdOf(host).model?.startsWith('Raspberry Pi') ?? false
}

function isMetal(product: string): boolean {
  // Graviton 4 has metal sizes: `m8g.metal-24xl`.
  return /^[a-z\d-]+\.metal/.test(product)
}
