// Lays out a tree of boxes. C++ through embind, its module inlined as base64.
import Yoga, { Align, Direction, Edge, FlexDirection, Justify, Wrap } from 'yoga-layout';

const root = Yoga.Node.create();
root.setWidth(500);
root.setHeight(300);
root.setPadding(Edge.All, 10);
root.setFlexDirection(FlexDirection.Row);
root.setFlexWrap(Wrap.Wrap);
root.setJustifyContent(Justify.SpaceBetween);
root.setAlignItems(Align.Center);
for (let i = 0; i < 6; i++) {
  const child = Yoga.Node.create();
  child.setFlexGrow(i % 3);
  child.setMinWidth(80 + i * 10);
  child.setMargin(Edge.Left, `${i}%`);
  if (i === 4) child.setMeasureFunc((width) => ({ width: Math.min(width, 123), height: 45.5 }));
  else child.setHeight(20 * (i + 1));
  root.insertChild(child, i);
}
root.calculateLayout(undefined, undefined, Direction.LTR);
for (let i = 0; i < root.getChildCount(); i++) console.log(root.getChild(i).getComputedLayout());
console.log(root.getChild(2).getMargin(Edge.Left), root.getComputedPadding(Edge.Top));
root.freeRecursive();
