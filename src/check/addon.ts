// The addon's part of `hv check`: native/napi/check.cc.

/** What /dev/kvm answered. An errno is 0 when the call succeeded or was not reached. */
export interface KvmProbe {
  openErrno: number
  /** KVM_GET_API_VERSION; -1 when it was refused or not reached. */
  apiVersion: number
  createVmErrno: number
  /** KVM_CHECK_EXTENSION of each capability asked for, in order; 0 absent. Empty when the device did not open. */
  extensions: number[]
}

export interface CheckAddon {
  probeKvm(path: string, capabilities: readonly number[]): KvmProbe
}
