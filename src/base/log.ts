// Logging as a component: a function per level, structured fields, never a secret.

export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

const ignore = (): void => {}

/** Drops everything; the default of components. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }
