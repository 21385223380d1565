export function Overview(_: { queue: string | undefined }) {
  return null;
}
