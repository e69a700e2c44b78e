// What a program is told of the processor: on x86_64 what CPUID tells it too, which the platform alone decides.

/** WRGSBASE in user mode. */
const HWCAP2_FSGSBASE = 2n

/**
 * AT_HWCAP is CPUID 1's EDX (arch/x86/include/asm/elf.h), AT_HWCAP2 what user mode may do besides. Through a gate the sentry has to know
 * of a GS base: the program asks for it by arch_prctl(2).
 */
export function hardwareCapabilities(
  hwcap: bigint,
  hwcap2: bigint,
  hasGate: boolean,
): readonly [hwcap: bigint, hwcap2: bigint] {
  return [hwcap, hasGate ? hwcap2 & ~HWCAP2_FSGSBASE : hwcap2]
}

/** A processor's paragraph of the host's /proc/cpuinfo, as a core of the only package: each has one thread. */
export function cpuinfo(hostText: string, cpu: number, cpus: number): string {
  const set = (text: string, names: string, value: number): string =>
    text.replace(new RegExp(`^(${names})(\\s*: )\\d+$`, 'gm'), (_, name, colon) => `${name}${colon}${value}`)
  const packaged = set(set(hostText, 'siblings|cpu cores', cpus), 'physical id', 0)
  return set(packaged, 'processor|core id|apicid|initial apicid', cpu)
}
