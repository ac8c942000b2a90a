# SPDX-License-Identifier: Apache-2.0
"""Entity types of the V4 service CE_SALESORDER_0001 that the sandbox serves; notation: `odata4.schema`.

Names, types and lengths are facts of the service's metadata. What has no counterpart in the V2 service stays initial.
"""

from ..tenant.item_types import A_SALES_ORDER_ITEM, A_SALES_ORDER_SCHEDULE_LINE
from ..tenant.order_types import A_SALES_ORDER
from ..tenant.partner_pricing_types import A_SALES_ORDER_HEADER_PARTNER
from .schema import Nav4, set4

SALES_ORDER = set4(
    "SalesOrder",
    A_SALES_ORDER,
    messages=True,
    navigations=(Nav4("_Item", "SalesOrderItem", True), Nav4("_Partner", "SalesOrderPartner", True)),
    properties="""
SalesOrder                      S10
SalesOrderType                  S4     =SalesOrderTypeInternalCode
SalesOrderProcessingType        S1
SoldToParty                     S10
SalesOrganization               S4
DistributionChannel             S2
ReferenceDistributionChannel    S2
OrganizationDivision            S2
SalesOffice                     S4
SalesGroup                      S3
SalesDistrict                   S6
CreatedByUser                   S12
CreationDate                    date   null
CreationTime                    time
LastChangeDateTime              dto7   null
LastChangedByUser               S12
PurchaseOrderByCustomer         S35
PurchaseOrderByShipToParty      S35
CustomerPurchaseOrderType       S4
CustomerPurchaseOrderDate       date   null
BusinessSolutionOrder           S10
ReferenceSDDocument             S10
ReferenceSDDocumentCategory     S4
SDDocumentReason                S3
SalesOrderDate                  date   null
RequestedDeliveryDate           date   null
PricingDate                     date   null
ServicesRenderedDate            date   null
BillingDocumentDate             date   null
TotalNetAmount                  D15.v
TransactionCurrency             S3
DeliveryDateTypeRule            S1
ShippingCondition               S2
CompleteDeliveryIsDefined       bool
SlsDocIsRlvtForProofOfDeliv     bool
ShippingType                    S2
ReceivingPoint                  S25
IncotermsClassification         S3
IncotermsVersion                S4
IncotermsLocation1              S70
IncotermsLocation2              S70
SDPricingProcedure              S6
CustomerPriceGroup              S2
PriceListType                   S2
FixedValueDate                  date   null
TaxDepartureCountry             S3
VATRegistrationCountry          S3
IsEUTriangularDeal              bool
CustomerPaymentTerms            S4
PaymentMethod                   S1
BillingCompanyCode              S4
ControllingArea                 S4
CustomerAccountAssignmentGroup  S2
AssignmentReference             S18
AccountingDocExternalReference  S16
CustomerCreditAccount           S10
HeaderBillingBlockReason        S2
DeliveryBlockReason             S2
SalesOrderApprovalReason        S4
CustomerGroup                   S2
AdditionalCustomerGroup1        S3
AdditionalCustomerGroup2        S3
AdditionalCustomerGroup3        S3
AdditionalCustomerGroup4        S3
AdditionalCustomerGroup5        S3
OverallSDProcessStatus          S1
OverallDeliveryBlockStatus      S1
OverallBillingBlockStatus       S1
OverallDeliveryStatus           S1
TotalCreditCheckStatus          S1
OverallSDDocumentRejectionSts   S1
TotalBlockStatus                S1
HdrGeneralIncompletionStatus    S1
OvrlItmGeneralIncompletionSts   S1
OverallSDDocReferenceStatus     S1
SalesDocApprovalStatus          S1
OverallChmlCmplncStatus         S1
OverallDangerousGoodsStatus     S1
OverallSafetyDataSheetStatus    S1
OverallTrdCmplncEmbargoSts      S1
OvrlTrdCmplncSnctndListChkSts   S1
OvrlTrdCmplncLegalCtrlChkSts    S1
SalesOrderDownPaymentStatus     S1
OverallOrdReltdBillgStatus      S1
""",
)

SALES_ORDER_ITEM = set4(
    "SalesOrderItem",
    A_SALES_ORDER_ITEM,
    messages=True,
    navigations=(Nav4("_SalesOrder", "SalesOrder", False), Nav4("_ScheduleLine", "SalesOrderScheduleLine", True)),
    properties="""
SalesOrder                      S10
SalesOrderItem                  S6
HigherLevelItem                 S6     null
SalesOrderItemCategory          S4
SalesOrderItemText              S40
Product                         S18    =Material
OriginallyRequestedMaterial     S18
ProductGroup                    S9     =MaterialGroup
MaterialByCustomer              S35
InternationalArticleNumber      S18
PurchaseOrderByCustomer         S35
ConfdDelivQtyInOrderQtyUnit     D15.3
OrderQuantitySAPUnit            S3
OrderQuantityISOUnit            S3
RequestedQuantity               D15.3
RequestedQuantitySAPUnit        S3
RequestedQuantityISOUnit        S3
ReferenceSDDocument             S10
ReferenceSDDocumentItem         S6
ReferenceSDDocumentCategory     S4
BusinessSolutionOrderItem       S6     null
BusSolnOrdItemBundleItem        S6     null
ItemGrossWeight                 D15.3
ItemNetWeight                   D15.3
ItemWeightSAPUnit               S3
ItemWeightISOUnit               S3
ItemVolume                      D15.3
ItemVolumeSAPUnit               S3
ItemVolumeISOUnit               S3
RequestedDeliveryDate           date   null
ConfirmedDeliveryDate           date   null
PricingDate                     date   null
ServicesRenderedDate            date   null
BillingDocumentDate             date   null
NetAmount                       D15.v
TransactionCurrency             S3
TaxAmount                       D13.v
CustomerGroup                   S2
Batch                           S10
Plant                           S4     =ProductionPlant
StorageLocation                 S4
ShippingPoint                   S4
ShippingType                    S2
Route                           S6
DeliveryPriority                S2
PartialDeliveryIsAllowed        S1
MaxNmbrOfPartialDelivery        D1
DeliveryDateTypeRule            S1
ReceivingPoint                  S25
DeliveryGroup                   S3
IncotermsClassification         S3
IncotermsLocation1              S70
IncotermsLocation2              S70
IncotermsVersion                S4
CustomerPaymentTerms            S4
FixedValueDate                  date   null
CustomerPriceGroup              S2
MaterialPricingGroup            S2
BusinessArea                    S4
ProfitCenter                    S10
MatlAccountAssignmentGroup      S2
WBSElementExternalID            S24
ItemBillingBlockReason          S2
SalesDocumentRjcnReason         S2
ProductConfiguration            S18
SDProcessStatus                 S1
SDDocumentRejectionStatus       S1
DeliveryStatus                  S1
BillingBlockStatus              S1
ItemGeneralIncompletionStatus   S1
DeliveryBlockStatus             S1
SlsOrderItemDownPaymentStatus   S1
OrderRelatedBillingStatus       S1
ChmlCmplncStatus                S1
DangerousGoodsStatus            S1
SafetyDataSheetStatus           S1
TrdCmplncEmbargoSts             S1
TrdCmplncSnctndListChkSts       S1
OvrlTrdCmplncLegalCtrlChkSts    S1
""",
)

SALES_ORDER_PARTNER = set4(
    "SalesOrderPartner",
    A_SALES_ORDER_HEADER_PARTNER,
    messages=True,
    navigations=(Nav4("_SalesOrder", "SalesOrder", False),),
    properties="""
SalesOrder                      S10
PartnerFunction                 S2
Customer                        S10    null
Supplier                        S10    null
Personnel                       S8     null
ContactPerson                   S10    null
""",
)

SALES_ORDER_SCHEDULE_LINE = set4(
    "SalesOrderScheduleLine",
    A_SALES_ORDER_SCHEDULE_LINE,
    messages=False,
    navigations=(Nav4("_Item", "SalesOrderItem", False), Nav4("_SalesOrder", "SalesOrder", False)),
    properties="""
SalesOrder                      S10
SalesOrderItem                  S6
ScheduleLine                    S4
ScheduleLineCategory            S2
ScheduleLineOrderQuantity       D13.3  null
OrderQuantitySAPUnit            S3
OrderQuantityISOUnit            S3
RequestedDeliveryDate           date   null
ConfirmedDeliveryDate           date   null
ConfdOrderQtyByMatlAvailCheck   D13.3  null
DeliveredQtyInOrderQtyUnit      D13.3
OpenConfdDelivQtyInOrdQtyUnit   D13.3
CorrectedQtyInOrderQtyUnit      D13.3
DelivBlockReasonForSchedLine    S2
PurchaseRequisition             S10
PurchaseRequisitionItem         S5     null
GoodsMovementType               S3
""",
)

SETS = {made.name: made for made in (SALES_ORDER, SALES_ORDER_ITEM, SALES_ORDER_PARTNER, SALES_ORDER_SCHEDULE_LINE)}
