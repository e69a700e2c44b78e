// Device: what answers a range of ports or of addresses.

export interface Device {
  /** For messages. */
  readonly name: string
  readonly space: 'port' | 'memory'
  /** Port, or guest physical address. */
  readonly first: number
  readonly length: number
  /** Bytes of one access that it understands. */
  readonly sizes: readonly number[]
  /** @param offset from `first` */
  read(offset: number): number
  write(offset: number, value: number): void
}
