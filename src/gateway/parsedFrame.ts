/** Validation of a client's frame, once, at the edge. */
import type { ZodType, z } from 'zod';
import { AppError } from '../base/errors.ts';
import type { RawFrame } from './clientSocket.ts';

/** @throws AppError invalid, naming the fields */
export function parsedFrame<Schema extends ZodType>(schema: Schema, raw: RawFrame): z.infer<Schema> {
  const result = schema.safeParse(raw);
  if (result.success) return result.data as z.infer<Schema>;
  const fields = result.error.issues.slice(0, 10).map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new AppError('invalid', {
    detail: fields
      .map(({ path, message }) => (path ? `${path}: ${message}` : message))
      .join('; ')
      .slice(0, 500),
    fields,
  });
}
