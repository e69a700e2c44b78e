// consoleOf: how the streams of a machine's console reach its kernel: by the serial line, or by a virtio console.

import {Readable} from 'node:stream'
import {MachineInput} from '../console/streams.ts'
import {VirtioConsole} from '../devices/virtio-console.ts'
import type {DeviceModel} from '../virtio/model.ts'
import type {KernelOptions} from './kernel-options.ts'
import type {KernelStreams} from './kernel-run.ts'

export interface KernelConsole {
  /** Of the serial line, which carries what a kernel prints before it has a driver for the other. */
  readonly serial: KernelStreams
  readonly models: readonly DeviceModel[]
}

export function consoleOf(kind: KernelOptions['console'], {input, output}: KernelStreams): KernelConsole {
  if (kind !== 'hvc0') return {serial: {input, output}, models: []}
  const nothing = new MachineInput(() => Readable.from([]))
  return {serial: {input: nothing, output}, models: [new VirtioConsole(input, output)]}
}
