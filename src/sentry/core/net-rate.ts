// NetRate: how many bytes a second may go between a guest and the outside.

/** Of all connections together; absent: as many as there are. */
export interface NetRate {
  readonly receive?: number
  readonly send?: number
}
