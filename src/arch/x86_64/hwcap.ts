// What a program is told about the processor: on x86_64 also through CPUID, which only the platform decides.

/** WRGSBASE in user mode. */
const HWCAP2_FSGSBASE = 2n

/**
 * AT_HWCAP is CPUID 1's EDX (arch/x86/include/asm/elf.h), AT_HWCAP2 what else user mode may do. With a gate, the sentry has to know
 * of a GS base: the program must ask for it with arch_prctl(2).
 */
export function hardwareCapabilities(
  hwcap: bigint,
  hwcap2: bigint,
  hasGate: boolean,
): readonly [hwcap: bigint, hwcap2: bigint] {
  return [hwcap, hasGate ? hwcap2 & ~HWCAP2_FSGSBASE : hwcap2]
}

/** Not what the host's processor is, or how it is patched. */
const CHOSEN: readonly [field: string, value: string][] = [
  ['model name', 'hv virtual CPU'],
  ['microcode', '0x0'],
]

/** A processor's paragraph of the host's /proc/cpuinfo, as a core of the only package: each core has one thread. */
export function cpuinfo(hostText: string, cpu: number, cpus: number): string {
  const set = (text: string, names: string, value: number): string =>
    text.replace(new RegExp(`^(${names})(\\s*: )\\d+$`, 'gm'), (_, name, colon) => `${name}${colon}${value}`)
  const chosen = CHOSEN.reduce(
    (text, [field, value]) => text.replace(new RegExp(`^(${field}\\s*: ).*$`, 'gm'), `$1${value}`),
    hostText,
  )
  const packaged = set(set(chosen, 'siblings|cpu cores', cpus), 'physical id', 0)
  return set(packaged, 'processor|core id|apicid|initial apicid', cpu)
}
