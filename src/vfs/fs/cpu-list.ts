// CPUs as Linux lists them: 0-3,5 (man 7 cpuset, FORMATS).

/** @param mask one bit for each CPU */
export function cpuList(mask: bigint): string {
  const ranges: string[] = []
  let first: number | undefined
  for (let cpu = 0; mask >> BigInt(cpu) !== 0n || first !== undefined; cpu++) {
    const isIn = ((mask >> BigInt(cpu)) & 1n) === 1n
    if (isIn) first ??= cpu
    else if (first !== undefined) {
      ranges.push(first === cpu - 1 ? String(first) : `${first}-${cpu - 1}`)
      first = undefined
    }
  }
  return ranges.join(',')
}

/** The first `cpus`. */
export function firstCpus(cpus: number): bigint {
  return (1n << BigInt(cpus)) - 1n
}
