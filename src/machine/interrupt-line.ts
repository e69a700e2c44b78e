// InterruptLine: a device's wire to the interrupt controller.

/** Level-triggered: raised until it is lowered. */
export interface InterruptLine {
  raise(): void
  lower(): void
  pulse(): void
}
