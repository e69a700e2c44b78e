// Settings: what the options of the command and of the library become for a sentry; and the rows of those options.

import {type GuestOptions, type GuestSettings, guestRows} from './guest.ts'
import {type HostOptions, type HostSettings, hostRows} from './host.ts'
import {type LimitOptions, limitRows} from './limits.ts'
import type {Rows} from './row.ts'
import {type TreeOptions, type TreeSettings, treeRows} from './tree.ts'

/** As the library's users give them. */
export interface SettingOptions extends TreeOptions, LimitOptions, GuestOptions, HostOptions {}

export interface Settings extends TreeSettings, LimitOptions, GuestSettings, HostSettings {}

/** @internal */
export const settingRows: Rows<SettingOptions, Settings> = {
  ...treeRows,
  ...limitRows,
  ...guestRows,
  ...hostRows,
}
