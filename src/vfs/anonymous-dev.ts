// st_dev of file systems without a device: major 0, as Linux numbers them.

let next = 32

export function allocateDev(): number {
  const minor = next++
  return (minor & 0xff) | ((minor & ~0xff) << 12)
}
