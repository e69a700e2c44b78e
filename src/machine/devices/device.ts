// Device: answers a range of ports or of addresses.

export interface Device {
  /** For messages. */
  readonly name: string
  readonly space: 'port' | 'memory'
  /** Port, or guest physical address. */
  readonly first: number
  readonly length: number
  /** The access sizes that it understands, in bytes. */
  readonly sizes: readonly number[]
  /** @param offset from `first` */
  read(offset: number): number
  write(offset: number, value: number): void
}
