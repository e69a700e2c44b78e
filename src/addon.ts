// The native addon, loaded once; the only file that loads it.

import {createRequire} from 'node:module'
import type {BrokerAddon} from './broker/addon.ts'
import type {CheckAddon} from './check/addon.ts'
import {HvError} from './errors.ts'
import type {JailAddon} from './jail/addon.ts'
import type {RunAddon} from './launch/addon.ts'
import {packageFile} from './package-file.ts'
import type {PlatformAddon} from './platform/addon.ts'
import type {KvmAddon} from './platform/kvm/addon.ts'
import type {PtraceAddon} from './platform/ptrace/addon.ts'
import type {PassingAddon} from './sandbox/protocol/addon.ts'
import type {ClockAddon, HostFsAddon, VdsoAddon} from './vfs/host-addon.ts'
import type {VmAddon} from './vm/addon.ts'

/** Everything that native/addon.cc exports. A failed host call throws an Error with a positive `errno`. */
export interface Addon
  extends BrokerAddon,
    CheckAddon,
    ClockAddon,
    HostFsAddon,
    JailAddon,
    KvmAddon,
    PassingAddon,
    PlatformAddon,
    PtraceAddon,
    RunAddon,
    VdsoAddon,
    VmAddon {
  /** native/shim/abi.h: HV_ABI_VERSION. */
  abiVersion: number
  /** strerror(3). */
  errorText(code: number): string
}

const ABI_VERSION = 33
const NEXT_STEP =
  'reinstall hvkit, or build it with `npm rebuild hvkit`; a bundler has to leave it as it is: external hvkit'
const PERMIT = 'start node with --allow-addons and --allow-child-process'

const require = createRequire(import.meta.url)

function load(): Addon {
  const loaded = find()
  // An older addon would misread what both sides share.
  if (loaded.abiVersion === ABI_VERSION) return loaded
  throw new HvError('ADDON_MISSING', 'the native addon is of another version of hv', NEXT_STEP)
}

function find(): Addon {
  try {
    return require('node-gyp-build')(packageFile('native')) as Addon
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException
    throw new HvError(
      'ADDON_MISSING',
      `the native addon does not load: ${message.split('\n')[0]}`,
      code === 'ERR_DLOPEN_DISABLED' ? PERMIT : NEXT_STEP,
      {cause: error},
    )
  }
}

export const addon: Addon = load()
