from xviz.ui.own import page

page.show("fifth")
