// What a program is told of the processor: on x86_64 what CPUID tells it too, which the platform alone decides.

/** AT_HWCAP is CPUID 1's EDX (arch/x86/include/asm/elf.h), AT_HWCAP2 what user mode may do besides. */
export function hardwareCapabilities(
  hwcap: bigint,
  hwcap2: bigint,
): readonly [hwcap: bigint, hwcap2: bigint] {
  return [hwcap, hwcap2]
}

export function cpuinfo(hostText: string): string {
  return hostText
}
