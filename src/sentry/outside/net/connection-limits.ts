// How much of connections with the embedder, and of ports that it is told of, there may be.

/** Bytes under way in each direction of a connection, at most. */
export const CONNECTION_WINDOW_BYTES = 1 << 17
/** Connections at a time, unless the embedder says otherwise, and at most. */
export const DEFAULT_MAX_CONNECTIONS = 1024
export const MAX_CONNECTIONS = 16_384
/** Ports that are told of. A guest decides how many there are. */
export const MOST_PORTS = 4096
/** Ports of names that the embedder answers. */
export const MAX_SERVICES = 256
