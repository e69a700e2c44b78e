// PeerCredentials: who held a socket when it was connected: SO_PEERCRED, SO_PEERGROUPS.

export interface PeerCredentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
}
