/** A menu under three dots. */
import { Icon, type IconName } from '../ui/Icon.tsx';
import { MenuButton } from '../ui/MenuButton.tsx';

export interface MenuItem {
  readonly icon: IconName;
  readonly text: string;
  act(): void;
}

export function MoreMenu({ label, items }: { label: string; items: readonly (MenuItem | false)[] }) {
  return (
    <MenuButton class="icon-button" label={label} face={<Icon name="more" />}>
      {(close) =>
        items.map(
          (item) =>
            item && (
              <button
                key={item.text}
                type="button"
                role="menuitem"
                onClick={() => {
                  close();
                  item.act();
                }}
              >
                <Icon name={item.icon} size={18} />
                {item.text}
              </button>
            ),
        )
      }
    </MenuButton>
  );
}
