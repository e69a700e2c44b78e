// SandboxPort: a port at which a program of a sandbox can be reached: a type of the library.

/**
 * A port at which a program of a sandbox listens.
 *
 * @example
 * sandbox.on('listen', ({protocol, address, port}: SandboxPort) => console.log(protocol, address, port)) // tcp :: 8080
 * const server = sandbox.spawn('/bin/busybox', ['nc', '-l', '-p', '8080'])
 * await sandbox.waitForPort(8080)
 * server.kill()
 */
export interface SandboxPort {
  /** `tcp`: it listens. `udp`: it is bound, and not connected. */
  protocol: 'tcp' | 'udp'
  /** `0.0.0.0` and `::` are all addresses. */
  address: string
  port: number
  /** The pid, in the guest, of the process that called listen(2) or, of `udp`, bind(2). */
  pid: number
}
