// The public API of hvkit.

/// <reference lib="esnext.disposable" preserve="true" />

export type {PublishedPort} from './broker/published-port.ts'
export {type CheckOptions, checkHost} from './check/check-host.ts'
export type {Core, Finding, FindingStatus, HostMachine, HostReport, PlatformName} from './check/finding.ts'
export {HvError, type HvErrorCode} from './errors.ts'
export type {JailChoice, JailLayer, JailLayerName} from './jail/layer.ts'
export type {SandboxTmpfs} from './launch/options/guest.ts'
export type {SandboxVolume} from './launch/options/tree.ts'
export {Bus, type Device as BusDevice, type DevicePlace, type Savable} from './machine/bus.ts'
export type {
  DiskOptions,
  KernelOptions,
  NetworkOptions,
  RateLimits,
  RestoreOptions,
  ShareOptions,
  StreamOptions,
  TapOptions,
} from './machine/kernel/kernel-options.ts'
export {Machine} from './machine/kernel/linux-machine.ts'
export type {
  BalloonStatistics,
  DiskCounts,
  MachineUsage,
  NetworkCounts,
} from './machine/kernel/machine-usage.ts'
export type {MachineResult} from './machine/machine-result.ts'
export type {Chain as VirtioChain} from './machine/virtio/chain.ts'
export {VirtioMmio, type VirtioMmioOptions} from './machine/virtio/mmio.ts'
export type {DeviceModel, Transport as VirtioTransport, ViewOfMemory} from './machine/virtio/model.ts'
export type {Queue as VirtioQueue} from './machine/virtio/queue.ts'
export type {Turns as VirtioTurns} from './machine/virtio/turns.ts'
export type {ChosenPlatform, PlatformChoice} from './platform/choice.ts'
export type {Costs} from './platform/costs.ts'
export {AbortError} from './sandbox/owner/abort-error.ts'
export type {
  SandboxFile,
  SandboxFileData,
  SandboxNameOptions,
  SandboxReadOptions,
  SandboxWriteOptions,
} from './sandbox/owner/files/file-options.ts'
export type {SandboxPath} from './sandbox/owner/files/file-paths.ts'
export type {SandboxWatch} from './sandbox/owner/files/file-watch.ts'
export type {SandboxFiles} from './sandbox/owner/files/sandbox-files.ts'
export type {
  CardAddressOptions,
  ProgramMachineOptions,
  ProgramNetworkOptions,
} from './sandbox/owner/machine/machine-options.ts'
export type {ProgramHost} from './sandbox/owner/machine/program-host.ts'
export {ProgramMachine} from './sandbox/owner/machine/program-machine.ts'
export type {
  ConnectHandler,
  SandboxConnectRequest,
  SandboxEndpoint,
  SandboxNetOptions,
  SandboxNetRules,
  SandboxWaitOptions,
} from './sandbox/owner/net/net-options.ts'
export type {SandboxSocket} from './sandbox/owner/net/sandbox-socket.ts'
export type {
  SandboxSyscall,
  SyscallHandler,
  SyscallHandlers,
  SyscallHooks,
  SyscallObserver,
  SyscallOutcome,
  SyscallVerdict,
} from './sandbox/owner/on-syscall.ts'
export type {
  Isolation,
  SandboxExit,
  SandboxLinesOptions,
  SandboxOptions,
  SandboxResult,
  SandboxRunOptions,
  SandboxSpawnOptions,
  SandboxTerminal,
  SandboxTraceOptions,
} from './sandbox/owner/options.ts'
export {onConnect, onOpen, type SandboxConnect, type SandboxOpen} from './sandbox/owner/policies.ts'
export {SandboxPool, type SandboxPoolOptions} from './sandbox/owner/pool.ts'
export {Sandbox} from './sandbox/owner/sandbox.ts'
export type {
  SandboxEvents,
  SandboxExitEvent,
  SandboxLimitEvent,
  SandboxOomEvent,
} from './sandbox/owner/sandbox-events.ts'
export type {SandboxProcess} from './sandbox/owner/sandbox-process.ts'
export type {SandboxTerminalSize} from './sandbox/protocol/terminal-size.ts'
export type {PatchChoice} from './sentry/call/patch-choice.ts'
export type {FileChange as SandboxFileChange} from './sentry/outside/files/operations.ts'
export type {SandboxPort} from './sentry/outside/net/sandbox-port.ts'
export type {RunStats} from './sentry/outside/program-result.ts'
export type {ProcessInfo, SandboxUsage} from './sentry/outside/usage.ts'
export type {BrokenPledge} from './sentry/pledge/broken-pledge.ts'
export type {ArgumentValue, OpenHow, SocketAddress, SyscallArgument} from './sentry/trace/argument-value.ts'
export type {
  TraceEvent,
  TraceExitEvent,
  TraceSignalEvent,
  TraceSyscallEvent,
} from './sentry/trace/event.ts'
export type {StopSignal} from './stop-signal.ts'
export type {CallFilter} from './vm/arm64-calls.ts'
export {checkExtension, type KvmCapability} from './vm/capabilities.ts'
export type {CpuFeatures} from './vm/cpu-features.ts'
export type {
  Cpuid,
  CpuidBits,
  CpuidChange,
  CpuidFeature,
  CpuidLeaf,
  CpuidRegister,
} from './vm/cpuid.ts'
export type {DebugLimits, DebugOptions, Watchpoint} from './vm/debug.ts'
export type {AccessPlace, InterruptStatus, Latch, PostedStore, StatusRegisters} from './vm/device-table.ts'
export type {DirtyRange} from './vm/dirty-ranges.ts'
export type {EventfdLimits} from './vm/eventfd.ts'
export type {
  DebugExit,
  Exit,
  FailEntryExit,
  HaltExit,
  HypercallExit,
  InternalErrorExit,
  InterruptedExit,
  InterruptWindowExit,
  IoapicEoiExit,
  IoExit,
  MemoryFaultExit,
  MmioExit,
  MsrReason,
  RdmsrExit,
  ShutdownExit,
  WrmsrExit,
} from './vm/exit.ts'
export type {VmEvents} from './vm/exit-loops.ts'
export type {TraceLimits, TraceListener} from './vm/exit-trace.ts'
export type {Selectors} from './vm/flat-segments.ts'
export type {GuestAddress, GuestMemory} from './vm/guest-memory.ts'
export type {HugePages} from './vm/huge-pages.ts'
export type {Ioeventfd, IoeventfdListener, IoeventfdPlace} from './vm/ioeventfd.ts'
export type {InterruptLine, Irqchip, Msi} from './vm/irqchip.ts'
export type {Irqfd, IrqfdOptions} from './vm/irqfd.ts'
export type {ClockReading, ClockSetting, KvmClock} from './vm/kvm-clock.ts'
export type {ListedRegisters} from './vm/listed-registers.ts'
export type {MemorySlot} from './vm/memory-slot.ts'
export type {MemorySlotOptions} from './vm/memory-slot-options.ts'
export type {MemoryTags} from './vm/memory-tags.ts'
export type {MsrExits, MsrRange} from './vm/msr-exits.ts'
export type {Msrs} from './vm/msrs.ts'
export type {Rights, Translation} from './vm/paging/page-tables.ts'
export {type MapGpaRange, readMapGpaRange, type VmType} from './vm/private-memory.ts'
export type {RawKvm} from './vm/raw.ts'
export type {
  Arm64Register,
  RegisterName,
  Registers,
  RegisterValues,
  X86Register,
} from './vm/registers.ts'
export type {SaveFile} from './vm/save/file.ts'
export type {SaveOptions} from './vm/save/options.ts'
export type {Part} from './vm/save/part.ts'
export type {VcpuState} from './vm/save/parts.ts'
export {type MissingPages, type PageSource, servePages} from './vm/serve-pages.ts'
export type {MappedStart, VcpuStart} from './vm/start.ts'
export {type ElStart, startEl1, startEl2} from './vm/start-el.ts'
export {type LongModeStart, startLongMode} from './vm/start-long-mode.ts'
export {type ProtectedModeStart, startProtectedMode} from './vm/start-protected-mode.ts'
export {startRealMode} from './vm/start-real-mode.ts'
export type {KvmStatistic} from './vm/statistics.ts'
export type {Vcpu} from './vm/vcpu.ts'
export type {VectorName, Vectors, VectorValues} from './vm/vectors.ts'
export {Vm} from './vm/vm.ts'
export type {VcpuOptions, VmOptions} from './vm/vm-options.ts'
