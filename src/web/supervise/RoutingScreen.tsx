export function RoutingScreen(_: { interaction: string }) {
  return null;
}
