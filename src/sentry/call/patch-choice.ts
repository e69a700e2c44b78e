// Which call sites are patched: the choice that the command and embedders have. It imports nothing, as the library's types name it.

/**
 * Which call instructions become jumps. `auto`: those that trap often; `always`: each at its first trap, for tests; `never`: none.
 * @see {@link SandboxOptions}
 */
export type PatchChoice = (typeof PATCH_CHOICES)[number]

export const PATCH_CHOICES = ['auto', 'always', 'never'] as const
