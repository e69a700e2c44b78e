// arm64: whether the firmware and the boot loader entered the kernel at EL2; without that there is no KVM.

import type {Check, Facts} from '../facts.ts'
import {modeOf} from './mode.ts'
import {hypervisorOf, isRaspberryPi, isVirtualEc2} from './surroundings.ts'

/** Documentation/arch/arm64/booting.rst: "either EL2 (RECOMMENDED in order to have access to the virtualisation extensions)". */
export const checkFirmware: Check = (facts) => {
  const mode = modeOf(facts)
  if (mode === null) return []
  const subject = {id: 'firmware', title: 'Firmware'}
  const evidence = 'see virtualization-mode'
  if (mode !== 'el1') {
    return [{...subject, status: 'ok', detail: 'It entered the kernel at EL2.', evidence}]
  }
  return [{...subject, status: 'fail', ...diagnose(facts), evidence}]
}

function diagnose({host}: Facts): {detail: string; mend: string} {
  if (isVirtualEc2(host)) {
    return {
      detail: 'This EC2 instance is a virtual machine, and EC2 gives Graviton guests no EL2.',
      mend: 'take a metal instance, such as `c6g.metal`, `c7g.metal` or `c8g.metal-24xl`',
    }
  }
  const behind = hypervisorOf(host)
  if (behind) {
    return {
      detail: `The hypervisor below this virtual machine (${behind}) keeps EL2 for itself.`,
      mend: 'switch nested virtualization on at its host (QEMU: `-machine virt,virtualization=on`), or take a machine without a hypervisor',
    }
  }
  if (isRaspberryPi(host)) {
    return {
      detail: 'It entered the kernel at EL1.',
      mend: 'let the firmware of the Raspberry Pi start the kernel: in config.txt no `armstub`, no other boot loader in `kernel`; 64-bit kernel8.img with `arm_64bit=1`',
    }
  }
  return {
    detail: 'It entered the kernel at EL1.',
    mend: 'update the firmware and the boot loader: the kernel must be entered at EL2',
  }
}
