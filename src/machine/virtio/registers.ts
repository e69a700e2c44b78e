// The numbers of virtio 1.2 that all devices share: registers of MMIO (4.2.2), status (2.1), features (6), descriptors (2.7.5).

export const MAGIC = 0x74726976
export const VERSION = 2
/** "hvkt": the ID of no vendor that PCI knows. */
export const VENDOR = 0x746b7668

export const Register = {
  magic: 0x000,
  version: 0x004,
  deviceId: 0x008,
  vendorId: 0x00c,
  deviceFeatures: 0x010,
  deviceFeaturesSelect: 0x014,
  driverFeatures: 0x020,
  driverFeaturesSelect: 0x024,
  queueSelect: 0x030,
  queueSizeMax: 0x034,
  queueSize: 0x038,
  queueReady: 0x044,
  queueNotify: 0x050,
  interruptStatus: 0x060,
  interruptAck: 0x064,
  status: 0x070,
  queueDescriptorsLow: 0x080,
  queueDescriptorsHigh: 0x084,
  queueDriverLow: 0x090,
  queueDriverHigh: 0x094,
  queueDeviceLow: 0x0a0,
  queueDeviceHigh: 0x0a4,
  sharedLengthLow: 0x0b0,
  sharedLengthHigh: 0x0b4,
  sharedBaseLow: 0x0b8,
  sharedBaseHigh: 0x0bc,
  configGeneration: 0x0fc,
  config: 0x100,
} as const

export const REGISTER_BYTES = 0x200

export const Status = {
  acknowledge: 0x01,
  driver: 0x02,
  driverOk: 0x04,
  featuresOk: 0x08,
  needsReset: 0x40,
  failed: 0x80,
} as const

export const Interrupt = {usedBuffer: 0x1, configChange: 0x2} as const

export const VIRTIO_F_INDIRECT_DESC = 1n << 28n
export const VIRTIO_F_EVENT_IDX = 1n << 29n
export const VIRTIO_F_VERSION_1 = 1n << 32n
/** The features that the transport and the rings provide for every device. */
export const COMMON_FEATURES = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1

export const DESCRIPTOR_BYTES = 16
export const DESC_F_NEXT = 1
export const DESC_F_WRITE = 2
export const DESC_F_INDIRECT = 4

export const AVAIL_F_NO_INTERRUPT = 1
export const USED_F_NO_NOTIFY = 1

/** The 32 bits of a wide register that `select` chooses. */
export const wordOf = (bits: bigint, select: number): number =>
  select > 1 ? 0 : Number((bits >> BigInt(32 * select)) & 0xffffffffn)

/** Four bytes, little-endian; those behind the end are 0. */
export function wordAt(bytes: Uint8Array, at: number): number {
  let word = 0
  for (let i = 3; i >= 0; i--) word = word * 256 + (bytes[at + i] ?? 0)
  return word
}
