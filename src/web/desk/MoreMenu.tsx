/** A menu under three dots. */
import { Icon, type IconName } from '../ui/Icon.tsx';
import { MenuButton } from '../ui/MenuButton.tsx';

export interface MenuItem {
  readonly icon: IconName;
  readonly text: string;
  act(): void;
}

export interface MoreMenuProps {
  readonly label: string;
  readonly items: readonly (MenuItem | false)[];
  onOpen?(): void;
}

export function MoreMenu({ label, items, onOpen = () => undefined }: MoreMenuProps) {
  return (
    <MenuButton class="icon-button" label={label} onOpen={onOpen} face={<Icon name="more" />}>
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
