// The shape of the service's answer about its configuration in force.

export interface Setting {
  readonly section: string;
  readonly name: string;
  /** null of one that is not set, and of a secret. */
  readonly value: string | null;
  readonly secret?: boolean;
}

export interface Config {
  readonly settings: readonly Setting[];
}
